"""What comes in a request's body, and how errors are answered."""

from __future__ import annotations

import json
import traceback
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from llmdeck.errors import DeckError
from llmdeck.run.pool import BusyError


async def wait_until_gone(request: Request) -> None:
    """Return once the client has gone; the body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def read_values(request: Request) -> dict[str, Any]:
    """Return the parameters in a request's body.

    Raises:
        HTTPException: it is no JSON object.
    """
    try:
        values = json.loads(await request.body(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"the body is no JSON: {error}") from None
    if not isinstance(values, dict):
        raise HTTPException(400, "the body must be a JSON object: the parameters by name")
    return values


def _refuse_constant(name: str) -> None:
    """Refuse NaN and Infinity, which Python takes for JSON."""
    raise ValueError(f"{name} is no JSON")


def error_json(error: DeckError) -> dict[str, Any]:
    """Return an error as the API gives it; place and hint only where there are any."""
    parts = {"message": error.message}
    if error.place:
        parts["place"] = str(error.place)
    if error.hint:
        parts["hint"] = error.hint
    return {"error": parts}


async def answer_deck_error(_request: Request, error: DeckError) -> Response:
    """Answer a value that can't be used, a demo that failed, or too many requests."""
    if isinstance(error, BusyError):
        return JSONResponse(error_json(error), status_code=503, headers={"retry-after": "1"})
    return JSONResponse(error_json(error), status_code=422)


async def answer_bug(_request: Request, error: Exception) -> Response:
    """Answer a mistake of llmdeck's own, and print it on the terminal."""
    traceback.print_exception(error)
    message = "llmdeck failed; its terminal says how"
    return JSONResponse({"error": {"message": message}}, status_code=500)


async def answer_http_error(_request: Request, error: HTTPException) -> Response:
    """Answer a request that means nothing here."""
    return JSONResponse(
        {"error": {"message": error.detail}}, status_code=error.status_code, headers=error.headers
    )
