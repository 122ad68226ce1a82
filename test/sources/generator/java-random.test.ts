import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JavaRandom } from '../../../src/sources/generator/java-random.ts';

/** Drawn by java.util.Random: nextInt(), nextLong(), nextInt(10), nextInt(64), nextInt(1500000000), nextDouble(), nextFloat(), nextBoolean(), thrice, reseeded with nextLong() each time. */
const golden: readonly { readonly seed: bigint; readonly drawn: string }[] = [
  {
    seed: 0n,
    drawn:
      '-1155484576,-3109364765729502342,7,40,663681053,0.5504370051176339,0.5975452661514282,true,-382675748,-8770188711309645380,5,16,453805867,0.015309374104575335,0.8123357892036438,true,1984529422,5043110253649828399,8,7,762323993,0.800719115460833,0.47074198722839355,false',
  },
  {
    seed: 42n,
    drawn:
      '-1170105035,1008396158678580193,4,19,595021505,0.7077105889551186,0.0913245677947998,true,1793787803,7885347844559589327,5,55,1459623454,0.27717642483384886,0.6388861536979675,true,453595781,-5100127161437582819,9,13,574511952,0.5344176577036647,0.793312668800354,false',
  },
  {
    seed: -1n,
    drawn:
      '1155099827,8108487875070533655,9,42,1290198438,0.4164383172882866,0.8261658549308777,false,554244491,2738593018284135493,2,33,815520284,0.021042038487548487,0.5197867751121521,false,1520129774,5632938345060234892,9,3,1278412721,0.917965935086894,0.8655098080635071,true',
  },
  {
    seed: 123456789012345n,
    drawn:
      '-1421006947,-8896214238084425209,2,56,185864260,0.9278454752888875,0.3957027792930603,true,1152073756,3004316993318484096,0,22,41763031,0.11129103864546142,0.7498293519020081,false,-782858985,6031830008376449445,3,52,1310471637,0.9526691963099425,0.3883267045021057,true',
  },
  {
    seed: -9223372036854775808n,
    drawn:
      '-1155484576,-3109364765729502342,7,40,663681053,0.5504370051176339,0.5975452661514282,true,-382675748,-8770188711309645380,5,16,453805867,0.015309374104575335,0.8123357892036438,true,1984529422,5043110253649828399,8,7,762323993,0.800719115460833,0.47074198722839355,false',
  },
];

function long(random: JavaRandom): bigint {
  random.long();
  return (BigInt(random.high) << 32n) | BigInt(random.low >>> 0);
}

for (const { seed, drawn } of golden) {
  test(`seed ${seed} gives what Java gives`, () => {
    const random = new JavaRandom(seed);
    const texts: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      texts.push(String(random.int32()), String(long(random)), String(random.below(10)), String(random.below(64)));
      texts.push(String(random.below(1_500_000_000)), String(random.double()), String(random.float()), String(random.boolean()));
      random.long();
      random.seed(random.high, random.low);
    }
    assert.equal(texts.join(','), drawn);
  });
}
