CREATE TABLE fully (id int PRIMARY KEY, seen text, unseen text);
ALTER TABLE fully REPLICA IDENTITY FULL;
CREATE TABLE usual (id int PRIMARY KEY, seen text, unseen text);
INSERT INTO fully VALUES (1, 'a', 'b'), (2, NULL, NULL);
INSERT INTO usual VALUES (1, 'a', 'b');
