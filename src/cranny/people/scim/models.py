"""What another system may say of somebody here: as much of SCIM's own schemas as is of use, and no more."""

from typing import Annotated, Any, Final

from pydantic import Field
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    Email,
    ETag,
    Filter,
    GroupMembership,
    Mutability,
    Name,
    Patch,
    PhoneNumber,
    Reference,
    Required,
    Resource,
    Role,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

MOST: Final = 200
"""Resources in one answer."""


class User(Resource[Any]):
    """The core schema of RFC 7643 without what a locker need not know of anybody."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: Name | None = None
    display_name: str | None = None
    preferred_language: str | None = None
    active: bool | None = None
    emails: list[Email] | None = None
    phone_numbers: list[PhoneNumber] | None = None
    groups: Annotated[list[GroupMembership] | None, Mutability.read_only] = None
    roles: list[Role] | None = None


class Member(ComplexAttribute):
    """A user in a group. How they are called is said by the user."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])


class Group(Resource[Any]):
    """The core schema of RFC 7643; groups are not inside each other."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    members: list[Member] | None = None


CONFIG: Final = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MOST),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=False),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="API key",
            description="A key with the scope people:provision.",
        )
    ],
)
PROVIDER: Final = ScimProvider(models=[User, Group], config=CONFIG)
