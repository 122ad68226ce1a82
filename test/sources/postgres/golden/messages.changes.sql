SELECT pg_logical_emit_message(true, 'orders', 'hello');
SELECT pg_logical_emit_message(false, 'outside', 'world');
BEGIN; INSERT INTO one VALUES (2); SELECT pg_logical_emit_message(true, '', E'\\x00ff'::bytea); INSERT INTO one VALUES (3); COMMIT;
