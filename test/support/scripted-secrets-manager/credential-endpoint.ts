import { createServer } from 'node:http';
import { Journal } from '../../../local/journal.ts';

/** What the endpoint does when it is asked: never answers, fails with HTTP 500, or gives these credentials. */
export type CredentialScript =
  | 'hang'
  | 'fail'
  | {
      readonly accessKey: string;
      /** Milliseconds until they expire. */
      readonly lifeMs: number;
    };

/** Where a container gets its AWS credentials, as in ECS and EKS Pod Identity. */
export interface CredentialEndpoint extends AsyncDisposable {
  /** What a process needs in its environment to use this endpoint and no other source. */
  readonly environment: Readonly<Record<string, string>>;
  /** When it was asked. */
  readonly asked: Journal<Date>;
  /** What it does from now on; those already hanging stay so. */
  script: CredentialScript;
  /** Gives those that hang an answer after all. */
  answerHanging(): void;
}

/** Starts one on loopback. */
export async function startCredentialEndpoint(script: CredentialScript): Promise<CredentialEndpoint> {
  const asked = new Journal<Date>();
  const hanging: (() => void)[] = [];
  const server = createServer((_, outgoing) => {
    asked.add(new Date());
    const answer = () => {
      const now = endpoint.script;
      if (now === 'hang') {
        hanging.push(answer);
      } else if (now === 'fail') {
        outgoing.writeHead(500).end('{"message":"made up by a test"}');
      } else {
        outgoing.writeHead(200, { 'content-type': 'application/json' }).end(
          JSON.stringify({
            AccessKeyId: now.accessKey,
            SecretAccessKey: 'made-up',
            Token: 'made-up',
            Expiration: new Date(Date.now() + now.lifeMs).toISOString(),
          }),
        );
      }
    };
    answer();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const endpoint: CredentialEndpoint = {
    environment: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/credentials`,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    asked,
    script,
    answerHanging: () => {
      for (const answer of hanging.splice(0)) answer();
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return endpoint;
}
