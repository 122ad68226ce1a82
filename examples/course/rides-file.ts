import { readFileSync } from 'node:fs';

/** A taxi ride, as the first columns of config/data/rides.csv that these examples need. */
export interface Ride {
  vendor_id: number;
  pickup_zone: number;
  trip_distance: number;
  total_amount: number;
}

/** The first rides of the sample file. */
export function readRides(count: number): Ride[] {
  const file = new URL('../../config/data/rides.csv', import.meta.url);
  const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const names = header.split(',');
  return lines.slice(0, count).map((line) => {
    const cells = line.split(',');
    const cell = (name: string): number => Number(cells[names.indexOf(name)]);
    return {
      vendor_id: cell('VendorID'),
      pickup_zone: cell('PULocationID'),
      trip_distance: cell('trip_distance'),
      total_amount: cell('total_amount'),
    };
  });
}
