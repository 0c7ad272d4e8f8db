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
];
