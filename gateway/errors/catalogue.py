"""All rows in one table, by code. The declared order is that of the documents."""

from gateway.errors import access, payments, requests
from gateway.errors.row import Code, ErrorRow

CATALOGUE: dict[Code, ErrorRow] = {row.code: row for row in (*requests.ROWS, *payments.ROWS, *access.ROWS)}
