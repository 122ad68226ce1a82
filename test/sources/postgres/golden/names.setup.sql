CREATE SCHEMA "Odd Schema";
CREATE TABLE "Odd Schema"."my-table.x" ("1st" int PRIMARY KEY, "a b" text, "dash-col" text, "ü" text, "dot.col" text, "under_score" int, "$cash" text, "MiXed" text);
INSERT INTO "Odd Schema"."my-table.x" VALUES (1, 'a', 'b', 'c', 'd', 1, 'e', 'f');
