"""Group: what every group of settings is."""

from pydantic import BaseModel, ConfigDict


class Group(BaseModel):
    """Settings under one heading of the file; a key that is not among them is an error, and none changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)
