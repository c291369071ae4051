"""Small made-up logs of each dialect that has no generator: a new one is a module and a line here.

`sample_data/` holds these files, the contract takes its records from them, and they are read end to end in any order.
"""

from tests.dialects.cases import gemini_cli, kimi, qwen_code
from tests.dialects.cases.case import Case
from tests.dialects.cases.api_response import CASE as API_RESPONSE

CASES: tuple[Case, ...] = (
    API_RESPONSE,
)
