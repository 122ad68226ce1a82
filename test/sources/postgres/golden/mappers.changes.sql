INSERT INTO people (id, name, secret, bio, digest, digest2, digest3, amount) VALUES (3, 'Grace Hopper', 'more', 'ähnlich wie zuvor', '', 'x', repeat('y', 90), 3);
UPDATE people SET bio = 'short', plain = 6 WHERE id = 3;
DELETE FROM people WHERE id = 3;
INSERT INTO secrets VALUES ('second', 'two');
UPDATE secrets SET code = 'third' WHERE code = 'second';
DELETE FROM secrets WHERE code = 'first';
