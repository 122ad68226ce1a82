import {
  address,
  choose,
  counted,
  date,
  digits,
  matching,
  pick,
  quickstart,
  range,
  record,
  table,
  timestamp,
  type Quickstart,
} from './quickstart-schema.ts';
import { firstNames, lastNames, syllables } from './word-lists.ts';

const addresses = table(100, 11n, (random) => address(random));
const hosts = table(
  100,
  12n,
  (random, index) => `${choose(random, syllables)}${choose(random, syllables)}-${String(index + 1).padStart(3, '0')}.example.net`,
);
const owners = table(100, 13n, (random) => `${choose(random, firstNames)} ${choose(random, lastNames)}`);
const userNames = table(18, 14n, (random, index) => `${choose(random, firstNames).toLowerCase()}_${index + 1}`);

const codes: readonly (readonly [number, string])[] = [
  [200, 'Successful'],
  [302, 'Redirect'],
  [404, 'Page not found'],
  [405, 'Method not allowed'],
  [406, 'Not acceptable'],
  [407, 'Proxy authentication required'],
];

const requests = [
  'GET / HTTP/1.1',
  'GET /catalogue HTTP/1.1',
  'GET /assets/app.js HTTP/1.1',
  'GET /assets/app.css HTTP/1.1',
  'POST /basket HTTP/1.1',
  'GET /account HTTP/1.1',
];
const agents = ['Mozilla/5.0 (X11; Linux x86_64) Sample/1.0', 'Sample-Crawler/2.1 (+https://crawler.example.com)'];
const messages = [
  'on time, nothing to add',
  'the seat could have been cleaner',
  'would book again',
  'boarding took for ever',
  'friendly crew',
  'my bag came a day later',
  'good value',
  'the app lost my booking',
  'smooth from start to end',
  'too cold on board',
  'best meal in the air so far',
];

/** Web traffic, users and their doings. */
export const webQuickstarts: Readonly<Record<string, Quickstart>> = {
  clickstream_codes: quickstart(
    'clickstream',
    'codes',
    'code',
    { code: 'int', definition: 'string' },
    codes.map(([code, definition]) => ({ code, definition })),
  ),
  clickstream: quickstart('clickstream', 'events', 'ip', {
    ip: pick('string', addresses.slice(0, 12)),
    userid: range('int', -1, 40),
    remote_user: pick('string', ['-']),
    time: counted('string', 1, 10),
    _time: counted('long', 1, 10),
    request: pick('string', requests),
    status: pick(
      'string',
      codes.map(([code]) => String(code)),
    ),
    bytes: pick('string', ['512', '1280', '2048', '4096', '14096', '32768']),
    referrer: pick('string', ['-']),
    agent: pick('string', agents),
  }),
  clickstream_users: quickstart('clickstream', 'users', 'user_id', {
    user_id: counted('int', 1),
    username: pick('string', userNames),
    registered_at: range('long', 1_407_645_330_000, 1_502_339_792_000),
    first_name: pick('string', firstNames.slice(0, 12)),
    last_name: pick('string', lastNames.slice(0, 12)),
    city: pick('string', ['Lisbon', 'Osaka', 'Nairobi', 'Toronto', 'Oslo', 'Lima']),
    level: pick('string', ['Gold', 'Silver', 'Platinum']),
  }),
  ratings: quickstart('ksql', 'ratings', 'rating_id', {
    rating_id: counted('long', 1),
    user_id: range('int', -1, 20),
    stars: range('int', 1, 5),
    route_id: range('int', 1, 9999),
    rating_time: counted('long', 1, 12),
    channel: pick('string', ['web', 'iOS', 'ios', 'iOS-test', 'android']),
    message: pick('string', messages),
  }),
  users: quickstart('ksql', 'users', 'userid', userFields()),
  users_: quickstart('ksql', 'users', 'userid', {
    ...userFields(),
    interests: {
      type: 'array',
      items: 'string',
      'arg.properties': {
        options: [
          ['Game', 'News'],
          ['Game', 'Sport'],
          ['News', 'Movies'],
          ['News', 'Travel'],
        ],
      },
    },
    contactinfo: {
      type: 'map',
      values: 'string',
      'arg.properties': {
        options: table(5, 15n, (random, index) => ({
          phone: `555-01${digits(random, 2)}`,
          city: ['Porto', 'Bergen', 'Quito', 'Graz', 'Perth'][index] ?? '',
          state: ['PT', 'NO', 'EC', 'AT', 'AU'][index] ?? '',
          zipcode: digits(random, 5),
        })),
      },
    },
  }),
  pageviews: quickstart('ksql', 'pageviews', 'viewtime', {
    viewtime: counted('long', 1, 10),
    userid: matching('User_[1-9]'),
    pageid: matching('Page_[1-9][0-9]'),
  }),
  syslog_logs: quickstart('syslogs', 'syslog_logs', 'host', {
    name: matching('[a-zA-Z]{5,8}'),
    type: pick('string', ['RFC5424', 'RFC3164', 'CEF', 'UNKNOWN']),
    message: matching('[a-z ]{10,15}'),
    host: pick('string', hosts.slice(0, 10)),
    version: pick('string', ['3.25.1']),
    tag: pick('string', ['.source.s_src']),
    level: range('int', 0, 191),
    facility: pick('string', ['syslog', 'authpriv', 'cron']),
    severity: range('int', 0, 8),
    appName: matching('[A-Z]{5,8}'),
    remoteAddress: pick('string', addresses.slice(0, 10)),
    rawMessage: matching('[a-z ]{10,15}'),
    processId: matching('[1-9]{1}[0-9]{6}'),
    messageId: matching('[1-9]{1}[0-9]{2}'),
    deviceVendor: matching('[a-z]{5}'),
    deviceProduct: matching('[a-z]{5}'),
    deviceVersion: pick('string', ['1.0', '2.0', '3.0', '4.0', '5.0']),
    ts: counted('long', 1_609_459_200_000, 100),
  }),
  device_information: quickstart('device_information', 'device_information', 'device_ip', {
    device_ip: pick('string', addresses),
    mac_address: pick(
      'string',
      table(50, 16n, (random) =>
        Array.from({ length: 6 }, (_, at) => (at === 0 ? '02' : random.bits(8).toString(16).padStart(2, '0'))).join(':'),
      ),
    ),
    owner: pick('string', owners),
  }),
  siem_logs: quickstart('siem_logs', 'siem_logs', 'hostname', {
    hostname: pick('string', hosts),
    action: pick('string', ['allow', 'deny']),
    l4: pick('string', ['tcp']),
    access_group: pick('string', ['group-1', 'group-2', 'group-3', 'group-4', 'admin']),
    source: record('source', { ip: pick('string', addresses), port: range('int', 10_000, 99_999) }),
    destination: record('destination', { ip: pick('string', addresses), port: range('int', 10_000, 99_999) }),
  }),
  gaming_games: quickstart('gaming', 'gaming_games', 'id', {
    id: range('int', 1000, 5000),
    room_name: pick(
      'string',
      ['Arcade', 'Survival', 'Classic'].flatMap((kind) => ['Rookie', 'Skilled', 'Expert'].map((level) => `${kind} ${level}`)),
    ),
    created_date: counted('long', 1_609_459_200_000, 100_000, timestamp),
  }),
  gaming_players: quickstart(
    'gaming',
    'gaming_players',
    'player_id',
    { player_id: 'int', player_name: 'string', ip: 'string' },
    table(100, 17n, (random, index) => ({
      player_id: 1001 + index,
      player_name: `${choose(random, syllables)}${choose(random, syllables)}${random.below(100)}`,
      ip: address(random),
    })),
  ),
  gaming_player_activity: quickstart('gaming', 'gaming_player_activity', 'player_id', {
    player_id: range('int', 1001, 1101),
    game_room_id: range('int', 1000, 5000),
    points: range('int', 10, 500),
    coordinates: matching(String.raw`\[[0-9][0-9],[0-9][0-9]\]`),
  }),
  payroll_employee: quickstart(
    'payroll',
    'payroll_employee',
    'employee_id',
    {
      employee_id: 'int',
      first_name: 'string',
      last_name: 'string',
      age: 'int',
      ssn: 'string',
      hourly_rate: 'int',
      gender: 'string',
      email: 'string',
    },
    table(100, 18n, (random, index) => {
      const [first, last] = [choose(random, firstNames), choose(random, lastNames)];
      return {
        employee_id: 1000 + index,
        first_name: first,
        last_name: last,
        age: 18 + random.below(48),
        ssn: `000-${digits(random, 2)}-${digits(random, 4)}`,
        hourly_rate: 12 + random.below(60),
        gender: choose(random, ['Female', 'Male', 'Other']),
        email: `${first}.${last}${index}@example.com`.toLowerCase(),
      };
    }),
  ),
  payroll_employee_location: quickstart('payroll', 'payroll_employee_location', 'employee_id', {
    employee_id: range('int', 1000, 1100),
    lab: matching(String.raw`lab-\d{1}`),
    department_id: range('int', 1, 10),
    arrival_date: range('int', 18_000, 19_000, date),
  }),
  payroll_bonus: quickstart('payroll', 'payroll_bonus', 'employee_id', {
    employee_id: range('int', 1000, 1100),
    bonus: range('int', 10, 50),
    ts: range('long', 1_609_459_200_000, 1_640_995_199_000, timestamp),
  }),
};

function userFields(): Readonly<Record<string, ReturnType<typeof pick>>> {
  return {
    registertime: range('long', 1_487_715_775_521, 1_519_273_364_600),
    userid: matching('User_[1-9]'),
    regionid: matching('Region_[1-9]'),
    gender: pick('string', ['MALE', 'FEMALE', 'OTHER']),
  };
}
