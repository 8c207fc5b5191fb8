"""What can go wrong, as one tree; each with a stable ``code`` and a message that says what to do.

DeployError
├── InvalidFile          invalid_file        deploy.toml cannot be: `field` names what is wrong in it
├── MissingSecret        missing_secret      a secret that it names is not in the environment
├── NotAuthorised        not_authorised      401: no key, or not a valid one
├── AccessDenied         access_denied       403: the key may not do this
├── QuotaReached         quota_reached       the account may not have more of it, or has no money for it
├── UnknownGpu           unknown_gpu         no such pool, or no such type in the pools
├── UnknownDataCentre    unknown_data_centre no such place, or one without network volumes
├── NoCapacity           no_capacity         none of the GPUs is free where the endpoint may run
├── Ambiguous            ambiguous           several resources have the name
├── CannotChange         cannot_change       RunPod fixes it when the resource is made
├── RequestRefused       request_refused     any other 4xx: RunPod's own words
├── RateLimited          rate_limited        429, for longer than it is worth waiting
├── ApiUnreachable       api_unreachable     no answer, after every attempt that was safe
├── OutcomeUnknown       outcome_unknown     a request to create was sent, and its answer never came
└── UnexpectedAnswer     unexpected_answer   an answer that is not API v2
"""

from typing import ClassVar


class DeployError(Exception):
    """Root of everything that a deployment can fail with."""

    code: ClassVar[str]

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def as_dict(self) -> dict[str, str | None]:
        """Return the form that ``--json`` prints."""
        return {"code": self.code, "message": self.message, "field": self.field}


class InvalidFile(DeployError):
    """The file is not there, is not TOML, or says what cannot be."""

    code = "invalid_file"


class MissingSecret(DeployError):
    """A secret that the file names is not in the environment."""

    code = "missing_secret"


class NotAuthorised(DeployError):
    """There is no key, or it is not a valid one."""

    code = "not_authorised"


class AccessDenied(DeployError):
    """The key is valid, but may not do this."""

    code = "access_denied"


class QuotaReached(DeployError):
    """The account may not have more of it, or cannot pay for it."""

    code = "quota_reached"


class UnknownGpu(DeployError):
    """RunPod has no such pool, or the pools no such type."""

    code = "unknown_gpu"


class UnknownDataCentre(DeployError):
    """RunPod has no such data centre, or no network volumes in it."""

    code = "unknown_data_centre"


class NoCapacity(DeployError):
    """None of the GPUs is free where the endpoint may run."""

    code = "no_capacity"


class Ambiguous(DeployError):
    """Several resources have the name by which this one is found."""

    code = "ambiguous"


class CannotChange(DeployError):
    """RunPod fixes this when the resource is made."""

    code = "cannot_change"


class RequestRefused(DeployError):
    """RunPod refused the request, in its own words."""

    code = "request_refused"


class RateLimited(DeployError):
    """RunPod asks for slower requests, for longer than it is worth waiting."""

    code = "rate_limited"


class ApiUnreachable(DeployError):
    """No answer came, after every attempt that was safe."""

    code = "api_unreachable"


class OutcomeUnknown(DeployError):
    """A request to create something was sent, and its answer never came."""

    code = "outcome_unknown"


class UnexpectedAnswer(DeployError):
    """The answer is not API v2's."""

    code = "unexpected_answer"
