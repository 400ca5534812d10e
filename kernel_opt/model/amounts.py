"""Numbers with a lower bound, as settings take them."""

from typing import Annotated

from msgspec import Meta

Count = Annotated[int, Meta(ge=0)]
AtLeastOne = Annotated[int, Meta(ge=1)]
Amount = Annotated[float, Meta(ge=0.0)]
