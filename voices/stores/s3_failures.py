"""S3 and network errors, each as one sentence with advice.

No message quotes the server or boto3, and exceptions are not chained, because both may repeat an access key
or a signed header.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from voices.errors import StoreFailure

_OTHER_KEYS = (
    "RunPod's S3 keys are not its API key: make one in the console under Settings > S3 API keys, and set "
    "RUNPOD_S3_ACCESS_KEY_ID (user_...) and RUNPOD_S3_SECRET_ACCESS_KEY (rps_...)"
)
_REFUSED = f"the keys were refused; {_OTHER_KEYS}"
_NO_VOLUME = "there is no such volume or bucket: check its id, and that it is in this data centre"
_FULL = "the volume is full: delete voices, or enlarge it in RunPod's console under Storage"
_CLOCK = "this machine's clock is wrong: set it, since S3 refuses signatures more than an hour off"
_UNREACHABLE = "the server cannot be reached: check the network and the data centre's name"
_SLOW = "the server did not answer in time: try again"
_BROKEN_OFF = "the response was cut off: try again"
_NONSENSE = "the server does not answer like an S3 server: check the endpoint's URL"
_UNTRUSTED = "the TLS certificate is not trusted: check the endpoint's URL and this machine's certificates"
_UNAVAILABLE = "the server is unavailable (HTTP {status}): try again in a few minutes"
_NO_CREDENTIALS = f"no usable S3 keys were found. {_OTHER_KEYS}"

_BY_CODE = {
    "AccessDenied": _REFUSED,
    "InvalidAccessKeyId": _REFUSED,
    "SignatureDoesNotMatch": _REFUSED,
    "NoSuchBucket": _NO_VOLUME,
    "RequestTimeTooSkewed": _CLOCK,
    "EntityTooLarge": "the file is larger than 500 MB, the limit of one upload",
}
# The response to a HEAD has no body, only a status.
_BY_STATUS = {401: _REFUSED, 403: _REFUSED, 404: _NONSENSE, 507: _FULL}


@contextmanager
def s3_failures(attempt: str, location: str) -> Iterator[None]:
    """Turn boto3's errors into ``StoreFailure``, and a missing file into ``FileNotFoundError``.

    ``attempt`` completes "Could not {attempt} {location}".
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as error:
        if _says_absent(error.response, error.operation_name):
            raise FileNotFoundError(attempt) from None
        raise StoreFailure(f"Could not {attempt} {location}: {_answered(error.response)}.") from None
    except (BotoCoreError, ResponseParserError, HTTPError) as error:
        raise StoreFailure(f"Could not {attempt} {location}: {_unanswered(error)}.") from None


def _says_absent(response: dict[str, dict[str, object]], operation: str) -> bool:
    code = response["Error"].get("Code")
    # A 404 without S3's own code comes from some other web server, except for these two operations.
    return code == "NoSuchKey" or (code == "404" and operation in {"HeadObject", "DeleteObject"})


def _answered(response: dict[str, dict[str, object]]) -> str:
    code = str(response["Error"].get("Code"))
    status = int(str(response["ResponseMetadata"].get("HTTPStatusCode", 0)))
    if reason := _BY_CODE.get(code) or _BY_STATUS.get(status):
        return reason
    if status == 429 or status >= 500:  # noqa: PLR2004 - HTTP's own numbers
        return _UNAVAILABLE.format(status=status)
    # S3's codes are single words; anything else may be arbitrary text.
    name = f"{code}, " if code.isalpha() else ""
    return f"the server refused the request ({name}HTTP {status})"


def _unanswered(error: Exception) -> str:
    from botocore import exceptions as boto
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    reasons: dict[str, tuple[type[Exception], ...]] = {
        _NO_CREDENTIALS: (boto.NoCredentialsError, boto.PartialCredentialsError, boto.ProfileNotFound),
        _SLOW: (boto.ReadTimeoutError, boto.ConnectTimeoutError),
        _BROKEN_OFF: (boto.ResponseStreamingError, boto.IncompleteReadError, boto.ConnectionClosedError),
        _NONSENSE: (ResponseParserError,),
        _UNTRUSTED: (boto.SSLError,),
        _UNREACHABLE: (boto.EndpointConnectionError, boto.ProxyConnectionError),
    }
    for reason, kinds in reasons.items():
        if isinstance(error, kinds):
            return reason
    if isinstance(error, HTTPError):  # boto3 passes some of urllib3's errors through
        return _BROKEN_OFF
    return f"the request could not be sent ({type(error).__name__})"
