CREATE TABLE orders (id int PRIMARY KEY, item text);
CREATE TABLE payments (id int PRIMARY KEY, amount int);
CREATE TABLE hidden (id int PRIMARY KEY);
ALTER TABLE payments REPLICA IDENTITY FULL;
INSERT INTO orders VALUES (1, 'before');
