"""What every request passes before a route sees it.

Plain ASGI, because the middleware class of Starlette would hold every answer in memory.
"""
