/** Words that sample data is made of: common ones, and none of them about a real person, company or place of business. */
export const firstNames: readonly string[] =
  'Ada Amir Anja Ben Bianca Carl Chen Clara Dana Diego Elif Emil Erik Fatima Finn Gita Hana Hugo Ines Ivan Jana Jonas Kira Leon Lina Luca Maja Marek Mila Nadia Nils Nora Olga Omar Otto Petra Ravi Rosa Sami Sara Sofia Tariq Theo Uma Vera Viktor Wanda Yara Yusuf Zoe'.split(
    ' ',
  );

export const lastNames: readonly string[] =
  'Abbott Almeida Bauer Berg Bianchi Brandt Castro Costa Dahl Dietz Ekman Fabre Fischer Garcia Grant Haas Hansen Holm Ito Jansen Kaya Keller Kowal Kraus Larsen Lehmann Lopez Maier Marsh Meyer Moreau Nagy Novak Okafor Olsen Patel Pereira Quinn Reyes Rossi Sato Schulz Silva Stein Tanaka Urban Vega Weber Winter Yilmaz'.split(
    ' ',
  );

export const syllables: readonly string[] =
  'ar bel cor dan el fi gor hal il jun kar lo mer nor or pel qui ro sol tan ul vor wen xi yor zan'.split(' ');

export const cityNames: readonly string[] =
  'Aarhus Bergen Bremen Cork Ghent Graz Leeds Lyon Malmo Porto Riga Tampere Turin Utrecht Valencia'.split(' ');
