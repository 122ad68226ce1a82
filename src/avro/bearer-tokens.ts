import type { Clock } from '../base/clock.ts';
import { ConnectError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';

/** OAuth's client credentials grant: who asks whom for a token. */
export interface TokenGrant {
  /** Of the token endpoint; fit for messages. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scope: string | null;
  /** Where the endpoint is told id and secret: as basic authentication, or among the fields of the form. */
  readonly credentialsIn: 'header' | 'form';
  /** What to look at when they are refused. */
  readonly keys: string;
}

const requestTimeoutMs = 30_000;
/** A token is good for so long at least when the endpoint does not say. */
const lifeByDefaultMs = 60_000;
/** It is asked for anew so long before its end, or a fifth of its life, whichever is shorter. */
const earlyMsMax = 60_000;

/** The token for a registry: asked for when first needed, kept until shortly before its end or until it is refused. */
export class BearerTokens {
  readonly #grant: TokenGrant;
  readonly #clock: Clock;
  #current: { readonly token: Promise<string>; goodUntil: number } | null = null;

  constructor(grant: TokenGrant, clock: Clock) {
    this.#grant = grant;
    this.#clock = clock;
  }

  /** Concurrent callers share one request. Rejects with `registry.authentication` or `registry.unreachable`. */
  token(): Promise<string> {
    const kept = this.#current;
    if (kept !== null && this.#clock.monotonic() < kept.goodUntil) return kept.token;
    const asked = this.#ask();
    const current = { token: asked.then(({ token }) => token), goodUntil: Number.POSITIVE_INFINITY };
    this.#current = current;
    asked.then(
      ({ lifeMs }) => (current.goodUntil = this.#clock.monotonic() + lifeMs - Math.min(earlyMsMax, lifeMs / 5)),
      () => this.#drop(current),
    );
    current.token.catch(() => {});
    return current.token;
  }

  /** The registry refused the token that it was given last. */
  forget(): void {
    this.#current = null;
  }

  #drop(current: unknown): void {
    if (this.#current === current) this.#current = null;
  }

  async #ask(): Promise<{ token: string; lifeMs: number }> {
    const { url, clientId, clientSecret, scope, credentialsIn } = this.#grant;
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (scope !== null) form.set('scope', scope);
    const headers: Record<string, string> = { accept: 'application/json' };
    if (credentialsIn === 'form') {
      form.set('client_id', clientId);
      form.set('client_secret', clientSecret.reveal());
    } else {
      headers['authorization'] = `Basic ${Buffer.from(`${clientId}:${clientSecret.reveal()}`).toString('base64')}`;
    }
    const signal = AbortSignal.timeout(requestTimeoutMs);
    // Not followed elsewhere with the secret.
    const answer = await fetch(url, { method: 'POST', headers, body: form, signal, redirect: 'error' })
      .then(async (response) => ({ status: response.status, text: await response.text() }))
      .catch((error: unknown) => {
        throw this.#unreachable(reasonOf(error));
      });
    const fields = fieldsOf(answer.text);
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) throw this.#unreachable(`status ${answer.status}`);
    if (answer.status !== 200) throw this.#refused(answer.status, fields);
    const { access_token: token, expires_in: seconds } = fields;
    if (typeof token !== 'string' || token === '') {
      throw new ConnectError('registry.authentication', `What answers at ${url} is not a token endpoint: its answer has no access_token.`, {
        remedy: `Check ${this.#grant.keys}.`,
      });
    }
    const lifeMs = Number(seconds) * 1000;
    return { token, lifeMs: lifeMs > 0 ? lifeMs : lifeByDefaultMs };
  }

  /** The endpoint's own words, which should not hold the secret, but might. */
  #refused(status: number, fields: Readonly<Record<string, unknown>>): ConnectError {
    const { url, clientId, clientSecret, keys } = this.#grant;
    const said = [fields['error'], fields['error_description']].filter((text) => typeof text === 'string').join(': ');
    const reason = (said === '' ? `status ${status}` : said).replaceAll(clientSecret.reveal(), '[hidden]');
    return new ConnectError('registry.authentication', `The token endpoint ${url} gives the client "${clientId}" no token: ${reason}.`, {
      remedy: `Check ${keys}, and that this client may use the client credentials grant.`,
      details: { status },
    });
  }

  #unreachable(reason: string): ConnectError {
    return new ConnectError('registry.unreachable', `The token endpoint ${this.#grant.url} for the registry does not answer: ${reason}.`, {
      remedy: `Check ${this.#grant.keys} and that the endpoint is running.`,
    });
  }
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** What fetch says is "fetch failed"; the reason lies behind it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure';
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
