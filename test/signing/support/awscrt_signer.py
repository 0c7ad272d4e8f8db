"""Signs requests for every Region with AWS's Common Runtime, one JSON object a line, in and out."""

import base64
import datetime
import io
import json
import sys

from awscrt import auth
from awscrt.http import HttpHeaders, HttpRequest


def sign(case):
    like_s3 = case['likeS3']
    key = case['key']
    payload = case['payload']
    config = auth.AwsSigningConfig(
        algorithm=auth.AwsSigningAlgorithm.V4_ASYMMETRIC,
        signature_type=auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=auth.AwsCredentialsProvider.new_static(
            key['accessKeyId'], key['secretAccessKey'], key.get('sessionToken')
        ),
        region='*',
        service=case['service'],
        date=datetime.datetime.fromtimestamp(case['seconds'], datetime.timezone.utc),
        use_double_uri_encode=not like_s3,
        should_normalize_uri_path=not like_s3,
        signed_body_value=auth.AwsSignedBodyValue.UNSIGNED_PAYLOAD if payload == 'unsigned' else None,
        signed_body_header_type=auth.AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256,
    )
    headers = HttpHeaders([('host', case['authority']), *map(tuple, case['headers'])])
    request = HttpRequest(case['method'], case['path'], headers, io.BytesIO(base64.b64decode(case['body'])))
    auth.aws_sign_request(request, config).result(60)
    return [[name.lower(), value] for name, value in request.headers]


for line in sys.stdin:
    print(json.dumps(sign(json.loads(line))))
