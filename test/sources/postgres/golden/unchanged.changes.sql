UPDATE fully SET unseen = 'c' WHERE id = 1;
UPDATE fully SET seen = 'd' WHERE id = 1;
UPDATE fully SET seen = seen;
UPDATE fully SET seen = 'e' WHERE id = 2;
UPDATE fully SET seen = NULL WHERE id = 2;
UPDATE fully SET id = 3 WHERE id = 2;
UPDATE usual SET unseen = 'c';
UPDATE usual SET seen = seen;
DELETE FROM fully WHERE id = 1;
