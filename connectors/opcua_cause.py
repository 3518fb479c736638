"""What kind of trouble is it that an OPC UA server cannot be read, so that whoever looks knows what to do?"""

from asyncua.ua.uaerrors import UaStatusCodeError

from connectors.device_health import Cause, cause_of
from connectors.opcua_certificate import NotTrustedError
from plant.status_code import status_name

_CAUSES = {
    "BadUserAccessDenied": Cause.SIGN_IN_REFUSED,
    "BadIdentityTokenInvalid": Cause.SIGN_IN_REFUSED,
    "BadIdentityTokenRejected": Cause.SIGN_IN_REFUSED,
    "BadSecurityChecksFailed": Cause.WE_ARE_NOT_TRUSTED,
    "BadSecurityPolicyRejected": Cause.NOT_OFFERED,
    "BadSecurityModeRejected": Cause.NOT_OFFERED,
    "BadTooManySessions": Cause.BUSY,
    "BadTooManySubscriptions": Cause.BUSY,
    "BadTooManyMonitoredItems": Cause.BUSY,
    "BadTcpServerTooBusy": Cause.BUSY,
    "BadTimeout": Cause.NO_ANSWER,
    "BadConnectionClosed": Cause.CLOSED,
    "BadSecureChannelClosed": Cause.CLOSED,
    "BadSessionClosed": Cause.CLOSED,
    "BadSessionIdInvalid": Cause.CLOSED,
}


def cause_of_failure(error: BaseException) -> Cause:
    """The cause of an error that ended a link, or prevented one."""
    if isinstance(error, NotTrustedError):
        return error.cause
    if isinstance(error, UaStatusCodeError):
        name = status_name(int(error.code))
        # OPC 10000-4 7.39: the codes of a server that does not take our certificate
        return _CAUSES.get(name, Cause.WE_ARE_NOT_TRUSTED if name.startswith("BadCertificate") else Cause.REFUSED)
    return cause_of(error)
