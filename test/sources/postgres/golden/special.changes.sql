INSERT INTO special VALUES (2, 'NaN', 'NaN', 'infinity', 'infinity', 'NaN', 'NaN');
INSERT INTO special VALUES (3, NULL, 'Infinity', '-infinity', '-infinity', 'Infinity', 'Infinity');
INSERT INTO special VALUES (4, NULL, '-Infinity', NULL, '0044-03-15 12:00:00+00 BC', '-Infinity', '-Infinity');
