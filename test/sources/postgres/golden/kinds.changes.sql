UPDATE kinds SET t = 'changed', numv = 0 WHERE id = 1;
UPDATE kinds SET id = 10 WHERE id = 1;
DELETE FROM kinds WHERE id = 2;
UPDATE two SET v = 'w' WHERE b = 1;
UPDATE two SET a = 'kk' WHERE b = 1;
DELETE FROM two WHERE b = 2;
INSERT INTO nokey VALUES (3, 'y');
BEGIN; INSERT INTO two VALUES ('m', 3, 'before'); ALTER TABLE two ADD COLUMN extra int DEFAULT 4; INSERT INTO two VALUES ('n', 4, 'after', 5); ALTER TABLE two DROP COLUMN v; INSERT INTO two VALUES ('o', 5, 6); COMMIT;
TRUNCATE nokey;
