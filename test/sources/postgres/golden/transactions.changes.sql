INSERT INTO orders VALUES (2, 'alone');
BEGIN; INSERT INTO orders VALUES (3, 'a'), (4, 'b'); INSERT INTO payments VALUES (1, 10); UPDATE orders SET item = 'c' WHERE id = 3; COMMIT;
INSERT INTO hidden VALUES (1);
BEGIN; DELETE FROM orders WHERE id = 4; UPDATE payments SET id = 7 WHERE id = 1; TRUNCATE orders; COMMIT;
BEGIN; INSERT INTO hidden VALUES (2); INSERT INTO payments VALUES (8, 80); COMMIT;
BEGIN; SELECT pg_logical_emit_message(true, 'note', 'inside'); INSERT INTO orders VALUES (9, 'with message'); COMMIT;
SELECT pg_logical_emit_message(false, 'note', 'outside');
BEGIN; INSERT INTO orders VALUES (10, 'gone'); ROLLBACK;
INSERT INTO payments VALUES (11, 110);
