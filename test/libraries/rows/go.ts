import type { Row } from '../row.ts';
import { AWS_ENVIRONMENT } from './aws-environment.ts';

const AWS_SDK = 'github.com/aws/aws-sdk-go-v2';

export const go: readonly Row[] = [
  {
    api: 'openai',
    package: 'github.com/openai/openai-go/v3',
    code: `package main

import (
	"context"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func main() {
	client := openai.NewClient(option.WithAPIKey("madeup"))
	client.Models.List(context.Background())
}`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'anthropic',
    package: 'github.com/anthropics/anthropic-sdk-go/v2',
    code: `package main

import (
	"context"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
)

func main() {
	client := anthropic.NewClient(option.WithAPIKey("madeup"))
	client.Models.List(context.Background(), anthropic.ModelListParams{})
}`,
    expect: ['GET /v1/models'],
  },
  {
    api: 'gemini',
    package: 'google.golang.org/genai',
    code: `package main

import (
	"context"

	"google.golang.org/genai"
)

func main() {
	client, err := genai.NewClient(context.Background(), &genai.ClientConfig{APIKey: "madeup"})
	if err != nil {
		panic(err)
	}
	client.Models.List(context.Background(), nil)
}`,
    expect: ['GET /v1beta/models'],
  },
  {
    api: 'stripe',
    package: 'github.com/stripe/stripe-go/v82',
    code: `package main

import (
	"github.com/stripe/stripe-go/v82"
	"github.com/stripe/stripe-go/v82/balance"
)

func main() {
	stripe.Key = "madeup"
	{line}
	balance.Get(nil)
}`,
    expect: ['GET /v1/balance'],
  },
  {
    api: 'slack',
    package: 'github.com/slack-go/slack',
    code: `package main

import "github.com/slack-go/slack"

func main() {
	client := {line}
	client.AuthTest()
}`,
    expect: ['POST /api/auth.test'],
  },
  {
    api: 'gitlab',
    package: 'gitlab.com/gitlab-org/api/client-go',
    code: `package main

import gitlab "gitlab.com/gitlab-org/api/client-go"

func main() {
	client, err := {line}
	if err != nil {
		panic(err)
	}
	client.Projects.ListProjects(nil)
}`,
    expect: ['GET /api/v4/projects'],
  },
  {
    api: 'digitalocean',
    package: 'github.com/digitalocean/godo',
    code: `package main

import (
	"context"

	"github.com/digitalocean/godo"
)

func main() {
	client, err := {line}
	if err != nil {
		panic(err)
	}
	client.Droplets.List(context.Background(), nil)
}`,
    expect: ['GET /v2/droplets'],
  },
  aws('aws-s3', 's3', 's3.ListBucketsInput', 'ListBuckets', 'GET /'),
  aws('aws-sqs', 'sqs', 'sqs.ListQueuesInput', 'ListQueues', 'POST /'),
  aws('aws-dynamodb', 'dynamodb', 'dynamodb.ListTablesInput', 'ListTables', 'POST /'),
];

/** A call without parameters of a service of AWS. */
function aws(api: string, service: string, input: string, operation: string, request: string): Row {
  return {
    api,
    package: `${AWS_SDK}/service/${service}`,
    code: `package main

import (
	"context"

	"${AWS_SDK}/config"
	"${AWS_SDK}/service/${service}"
)

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	${service}.NewFromConfig(settings).${operation}(context.Background(), &${input}{})
}`,
    expect: [request],
    env: AWS_ENVIRONMENT,
    beside: { [`${AWS_SDK}/config`]: 'v1.33.18' },
  };
}
