# Calls the libraries named in its arguments through the proxy, each of which must refuse, and prints what they say.
import json
import sys


def boto(proxy):
    import boto3
    from botocore.config import Config

    config = Config(proxies={"http": proxy}, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})

    def client(service, endpoint):
        return boto3.client(
            service,
            endpoint_url=f"http://{endpoint}.int",
            region_name="eu-west-1",
            aws_access_key_id="made-up",
            aws_secret_access_key="made-up",
            config=config,
        )

    yield "sqs", lambda: client("sqs", "sqs").list_queues()
    yield "dynamodb", lambda: client("dynamodb", "dynamodb").list_tables()
    yield "sts", lambda: client("sts", "sts").get_caller_identity()
    yield "ec2", lambda: client("ec2", "ec2").describe_instances()
    yield "cloudwatch", lambda: client("cloudwatch", "monitoring").list_metrics()
    yield "lambda", lambda: client("lambda", "lambda").list_functions()
    yield "lambda-invoke", lambda: client("lambda", "lambda").invoke(FunctionName="f", Payload=b"{}")
    yield "route53", lambda: client("route53", "route53").list_hosted_zones()
    yield "s3", lambda: client("s3", "s3").get_object(Bucket="bucket", Key="key")
    yield "s3-put", lambda: client("s3", "s3").put_object(Bucket="bucket", Key="key", Body=b"body")


def openai(proxy):
    import openai

    client = openai.OpenAI(api_key="made-up", base_url="http://refused.int/v1", max_retries=0)
    yield "openai", lambda: client.responses.create(model="m", input="hi")
    other = openai.OpenAI(api_key="made-up", base_url="http://nobody.int/v1", max_retries=0)
    yield "openai-unknown-host", lambda: other.responses.create(model="m", input="hi")


def anthropic(proxy):
    import anthropic

    def create(host):
        client = anthropic.Anthropic(api_key="made-up", base_url=f"http://{host}.int", max_retries=0)
        return client.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "hi"}])

    yield "anthropic", lambda: create("refused")
    yield "anthropic-unknown-host", lambda: create("nobody")


proxy, *libraries = sys.argv[1:]
said = {}
for library in libraries:
    for name, call in {"boto3": boto, "openai": openai, "anthropic": anthropic}[library](proxy):
        try:
            call()
            said[name] = "no exception"
        except Exception as error:
            said[name] = f"{type(error).__name__}: {error}"
print(json.dumps(said))
