UPDATE ext SET h = '"q\"x"=>"b\\c"', l = 'Top' WHERE id = 1;
DELETE FROM ext WHERE id = 2;
