UPDATE "Odd Schema"."my-table.x" SET "1st" = 2;
DELETE FROM "Odd Schema"."my-table.x";
