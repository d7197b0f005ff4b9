"""What comes in a request's body, and how errors are told."""

from __future__ import annotations

import json
import traceback
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from llmdeck.errors import DeckError
from llmdeck.run.pool import BusyError


async def disconnected(request: Request) -> None:
    """Return once the client has gone; the body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def body_of(request: Request) -> dict[str, Any]:
    """The parameters in a request's body.

    Raises:
        HTTPException: it is no JSON object.
    """

    def no_number(name: str) -> float:
        raise ValueError(f"{name} is no JSON")

    try:
        values = json.loads(await request.body(), parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"the body is no JSON: {error}") from None
    if not isinstance(values, dict):
        raise HTTPException(400, "the body must be a JSON object: the parameters by name")
    return values


def error_json(error: DeckError) -> dict[str, Any]:
    """An error as the API tells it."""
    told = {
        "message": error.message,
        "place": str(error.place) if error.place else "",
        "hint": error.hint,
    }
    return {"error": {key: value for key, value in told.items() if value or key == "message"}}


async def failed(_request: Request, error: DeckError) -> Response:
    """Tell of a value that can't be used, a demo that failed, or too many requests."""
    busy = isinstance(error, BusyError)
    return JSONResponse(
        error_json(error),
        status_code=503 if busy else 422,
        headers={"retry-after": "1"} if busy else None,
    )


async def broke(_request: Request, error: Exception) -> Response:
    """Tell of a mistake of llmdeck's own, on the terminal too."""
    traceback.print_exception(error)
    return JSONResponse(
        {"error": {"message": "llmdeck failed; its terminal says how"}}, status_code=500
    )


async def refused(_request: Request, error: HTTPException) -> Response:
    """Tell of a request that means nothing here."""
    return JSONResponse(
        {"error": {"message": error.detail}}, status_code=error.status_code, headers=error.headers
    )
