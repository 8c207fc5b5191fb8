"""The errors, as one tree; each has a stable ``code`` and a message that says what to do.

DeployError
├── InvalidFile          invalid_file        deploy.toml is invalid: `field` names the invalid field
├── MissingSecret        missing_secret      a secret listed in the file is not in the environment
├── NotAuthorised        not_authorised      401: the key is missing or invalid
├── AccessDenied         access_denied       403: the key lacks the permission
├── QuotaReached         quota_reached       the account's quota or balance does not allow it
├── UnknownGpu           unknown_gpu         no such pool, or no such GPU type in the pools
├── UnknownDataCentre    unknown_data_centre no such data centre, or one without network volumes
├── NoCapacity           no_capacity         no GPU is free where the endpoint may run
├── Ambiguous            ambiguous           several resources have the name
├── CannotChange         cannot_change       RunPod cannot change it after creation
├── RequestRefused       request_refused     any other 4xx, with RunPod's message
├── RateLimited          rate_limited        429, with a wait over the upper bound
├── ApiUnreachable       api_unreachable     no response, after all safe retries
├── OutcomeUnknown       outcome_unknown     no response to a request that creates something
└── UnexpectedAnswer     unexpected_answer   the response does not match API v2
"""

from typing import ClassVar


class DeployError(Exception):
    """Base of all errors of a deployment."""

    code: ClassVar[str]

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def as_dict(self) -> dict[str, str | None]:
        """Return the form that ``--json`` prints."""
        return {"code": self.code, "message": self.message, "field": self.field}


class InvalidFile(DeployError):
    """The file is missing, is not TOML, or has an invalid field."""

    code = "invalid_file"


class MissingSecret(DeployError):
    """A secret listed in the file is not in the environment."""

    code = "missing_secret"


class NotAuthorised(DeployError):
    """The key is missing or invalid."""

    code = "not_authorised"


class AccessDenied(DeployError):
    """The key is valid, but lacks the permission."""

    code = "access_denied"


class QuotaReached(DeployError):
    """The account's quota or balance does not allow it."""

    code = "quota_reached"


class UnknownGpu(DeployError):
    """RunPod has no such pool, or the pools have no such GPU type."""

    code = "unknown_gpu"


class UnknownDataCentre(DeployError):
    """RunPod has no such data centre, or it has no network volumes."""

    code = "unknown_data_centre"


class NoCapacity(DeployError):
    """No GPU is free where the endpoint may run."""

    code = "no_capacity"


class Ambiguous(DeployError):
    """Several resources have the name of the desired one."""

    code = "ambiguous"


class CannotChange(DeployError):
    """RunPod cannot change this after creation."""

    code = "cannot_change"


class RequestRefused(DeployError):
    """RunPod refused the request; the message quotes it."""

    code = "request_refused"


class RateLimited(DeployError):
    """RunPod asks for slower requests, with a wait over the upper bound."""

    code = "rate_limited"


class ApiUnreachable(DeployError):
    """No response came, after all safe retries."""

    code = "api_unreachable"


class OutcomeUnknown(DeployError):
    """No response came to a request that creates something."""

    code = "outcome_unknown"


class UnexpectedAnswer(DeployError):
    """The response does not match API v2."""

    code = "unexpected_answer"
