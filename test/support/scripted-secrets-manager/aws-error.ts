/** An error as the API of AWS Secrets Manager answers it: almost always with HTTP 400, whatever it is. */
export class AwsError extends Error {
  readonly status: number;

  constructor(name: string, message: string, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

/** There is no such secret, version or label. */
export function notFound(what: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Secrets Manager can't find the specified ${what}.`);
}
