import type { Vendor } from './vendor.ts';

/** Services of AWS, whose requests are signed. */
export const aws: readonly Vendor[] = [
  {
    name: 'aws-s3',
    host: 's3.{region}.amazonaws.com',
    credential: { aws_sigv4: { service: 's3', region: '{region}', payload: 'unsigned' } },
    libraries: [
      { language: 'python', package: 'boto3', line: 'export AWS_ENDPOINT_URL_S3={url}', checked: '1.44.8' },
      {
        language: 'node',
        package: '@aws-sdk/client-s3',
        line: 'export AWS_ENDPOINT_URL_S3={url}',
        checked: '3.1175.0',
      },
      {
        language: 'go',
        package: 'github.com/aws/aws-sdk-go-v2/service/s3',
        line: 'export AWS_ENDPOINT_URL_S3={url}',
        checked: 'v1.114.10',
      },
      {
        language: 'shell',
        package: 'awscli',
        line: 'aws --endpoint-url {url} s3api list-objects-v2 --bucket BUCKET',
        checked: '1.46.3',
        note: 'before it, once: aws configure set default.s3.addressing_style path',
      },
    ],
    documentation: 'https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAPI.html',
    note: 'the bucket stands in the path, so switch path-style addresses on in its SDK',
  },
  {
    name: 'aws-sqs',
    host: 'sqs.{region}.amazonaws.com',
    credential: { aws_sigv4: { service: 'sqs', region: '{region}' } },
    libraries: [
      { language: 'python', package: 'boto3', line: 'export AWS_ENDPOINT_URL_SQS={url}', checked: '1.44.8' },
      {
        language: 'node',
        package: '@aws-sdk/client-sqs',
        line: 'export AWS_ENDPOINT_URL_SQS={url}',
        checked: '3.1175.0',
      },
      {
        language: 'go',
        package: 'github.com/aws/aws-sdk-go-v2/service/sqs',
        line: 'export AWS_ENDPOINT_URL_SQS={url}',
        checked: 'v1.53.0',
      },
      {
        language: 'shell',
        package: 'awscli',
        line: 'aws --endpoint-url {url} sqs list-queues',
        checked: '1.46.3',
      },
    ],
    documentation: 'https://docs.aws.amazon.com/general/latest/gr/sqs-service.html',
  },
  {
    name: 'aws-dynamodb',
    host: 'dynamodb.{region}.amazonaws.com',
    credential: { aws_sigv4: { service: 'dynamodb', region: '{region}' } },
    libraries: [
      { language: 'python', package: 'boto3', line: 'export AWS_ENDPOINT_URL_DYNAMODB={url}', checked: '1.44.8' },
      {
        language: 'node',
        package: '@aws-sdk/client-dynamodb',
        line: 'export AWS_ENDPOINT_URL_DYNAMODB={url}',
        checked: '3.1169.0',
      },
      {
        language: 'go',
        package: 'github.com/aws/aws-sdk-go-v2/service/dynamodb',
        line: 'export AWS_ENDPOINT_URL_DYNAMODB={url}',
        checked: 'v1.74.0',
      },
      {
        language: 'shell',
        package: 'awscli',
        line: 'aws --endpoint-url {url} dynamodb list-tables',
        checked: '1.46.3',
      },
    ],
    documentation: 'https://docs.aws.amazon.com/general/latest/gr/ddb.html',
  },
  {
    name: 'aws-bedrock',
    host: 'bedrock-runtime.{region}.amazonaws.com',
    credential: { aws_sigv4: { service: 'bedrock', region: '{region}' } },
    libraries: [
      {
        language: 'python',
        package: 'boto3',
        line: 'export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={url}',
        checked: '1.44.8',
      },
    ],
    documentation: 'https://docs.aws.amazon.com/general/latest/gr/bedrock.html',
    note: 'for what models are asked; to manage them: --host bedrock.REGION.amazonaws.com',
  },
  {
    name: 'aws-sts',
    host: 'sts.{region}.amazonaws.com',
    credential: { aws_sigv4: { service: 'sts', region: '{region}' } },
    libraries: [
      { language: 'python', package: 'boto3', line: 'export AWS_ENDPOINT_URL_STS={url}', checked: '1.44.8' },
      {
        language: 'shell',
        package: 'awscli',
        line: 'aws --endpoint-url {url} sts get-caller-identity',
        checked: '1.46.3',
      },
    ],
    documentation: 'https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html',
  },
  {
    name: 'aws-sns',
    host: 'sns.{region}.amazonaws.com',
    credential: { aws_sigv4: { service: 'sns', region: '{region}' } },
    libraries: [{ language: 'python', package: 'boto3', line: 'export AWS_ENDPOINT_URL_SNS={url}', checked: '1.44.8' }],
    documentation: 'https://docs.aws.amazon.com/general/latest/gr/sns.html',
  },
  {
    name: 'aws-kms',
    host: 'kms.{region}.amazonaws.com',
    credential: { aws_sigv4: { service: 'kms', region: '{region}' } },
    libraries: [{ language: 'python', package: 'boto3', line: 'export AWS_ENDPOINT_URL_KMS={url}', checked: '1.44.8' }],
    documentation: 'https://docs.aws.amazon.com/general/latest/gr/kms.html',
  },
  {
    name: 'aws-lambda',
    host: 'lambda.{region}.amazonaws.com',
    credential: { aws_sigv4: { service: 'lambda', region: '{region}' } },
    libraries: [
      { language: 'python', package: 'boto3', line: 'export AWS_ENDPOINT_URL_LAMBDA={url}', checked: '1.44.8' },
    ],
    documentation: 'https://docs.aws.amazon.com/general/latest/gr/lambda-service.html',
  },
  {
    name: 'aws-eventbridge',
    host: 'events.{region}.amazonaws.com',
    credential: { aws_sigv4: { service: 'events', region: '{region}' } },
    libraries: [
      { language: 'python', package: 'boto3', line: 'export AWS_ENDPOINT_URL_EVENTBRIDGE={url}', checked: '1.44.8' },
    ],
    documentation: 'https://docs.aws.amazon.com/general/latest/gr/ev.html',
  },
  {
    name: 'aws-logs',
    host: 'logs.{region}.amazonaws.com',
    credential: { aws_sigv4: { service: 'logs', region: '{region}' } },
    libraries: [
      {
        language: 'python',
        package: 'boto3',
        line: 'export AWS_ENDPOINT_URL_CLOUDWATCH_LOGS={url}',
        checked: '1.44.8',
      },
    ],
    documentation: 'https://docs.aws.amazon.com/general/latest/gr/cwl_region.html',
  },
];
