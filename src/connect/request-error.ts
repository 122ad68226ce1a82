/** A request that the worker turns down; `status` is the HTTP status that Kafka Connect answers with. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  static notFound(message: string): RequestError {
    return new RequestError(404, message);
  }
}
