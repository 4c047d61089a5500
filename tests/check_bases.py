"""The good flows that the defect table spoils, one edit at a time. Each has no finding."""

DAG = {
    "flow.dag.yaml": """\
$schema: https://azuremlschemas.azureedge.net/promptflow/latest/Flow.schema.json
type: chat
inputs:
  chat_history:
    type: list
    is_chat_history: true
    default: []
  question:
    type: string
    is_chat_input: true
    default: What is new?
  count:
    type: int
    default: 3
outputs:
  answer:
    type: string
    reference: ${polish.output}
    is_chat_output: true
nodes:
- name: rephrase
  type: prompt
  source:
    type: code
    path: prompts/rephrase.jinja2
  inputs:
    question: ${inputs.question}
    tone: friendly
- name: ask
  type: llm
  source:
    type: code
    path: ask.jinja2
  inputs:
    deployment_name: gpt-4o
    temperature: '0.7'
    max_tokens: 256
    prompt_text: ${rephrase.output}
    chat_history: ${inputs.chat_history}
  connection: open_ai_connection
  api: chat
  activate:
    when: ${rephrase.output}
    is: go
- name: polish
  use_variants: true
- name: search
  type: python
  source:
    type: package
    tool: my_package.tools.search
  inputs:
    query: ${inputs.question}
- name: score
  type: python
  source:
    type: code
    path: score.py
  inputs:
    answers: ${polish.output}
    found: ${search.output.items}
    conn: open_ai_connection
    top: 3
  aggregation: true
node_variants:
  polish:
    default_variant_id: plain
    variants:
      plain:
        node:
          type: python
          source:
            type: code
            path: polish.py
          inputs:
            text: ${ask.output}
            limit: 80
      loud:
        node:
          type: python
          source:
            type: code
            path: loud.py
          inputs:
            text: ${ask.output}
additional_includes:
- ../shared/loud.py
environment:
  python_requirements_txt: requirements.txt
""",
    "prompts/rephrase.jinja2": "Say it in a {{tone}} way:\n{{ question }}\n{{ extra | default('') }}\n",
    "ask.jinja2": """\
{# a comment #}
# system:
You help.
{% for item in chat_history %}
user:
{{ item.inputs.question }}
{% endfor %}
user:
{{prompt_text}}
""",
    "polish.py": """\
from promptflow.core import tool


@tool
def polish(text: str, limit: int = 10, *, strict: bool = False) -> str:
    return text[:limit]
""",
    "score.py": """\
import promptflow.core as pf
from promptflow.connections import AzureOpenAIConnection


def helper(x):
    return x


@pf.tool(name="score")
def score(answers: list, found, conn: AzureOpenAIConnection, top: int = 5, **kwargs):
    pf.log_metric("n", len(answers))
""",
    "requirements.txt": "openai\n",
    "data.jsonl": '{"question": "x"}\n',
    "README.md": "Chat\n====\n\nA flow.\n",
    "notes.txt": "notes: DATA\n",
    ".env.example": "KEY=\n",
    ".promptflow/flow.tools.json": "{}\n",
    "run.yml": """\
$schema: https://azuremlschemas.azureedge.net/promptflow/latest/Run.schema.json
flow: .
data: data.jsonl
variant: ${polish.plain}
column_mapping:
  count: 4
""",
    "../shared/loud.py": """\
from promptflow.core import tool as a_tool


@a_tool
async def loud(text):
    return text.upper()
""",
}

FLEX = {
    "flow.flex.yaml": """\
entry: app.main:Chat
inputs:
  question: {type: string, default: hello}
init:
  deployment:
    type: string
  temperature: {type: double, default: 1.0}
environment:
  python_requirements_txt: requirements.txt
""",
    "app/__init__.py": "",
    "app/main.py": """\
class Chat:
    def __init__(self, deployment: str, temperature: float = 1.0):
        self.deployment = deployment

    def __call__(self, question: str = "hello"):
        return question
""",
    "requirements.txt": "openai\n",
}

PROMPTY = {
    "chat.prompty": """\
---
name: chat
model:
  api: chat
  configuration:
    type: azure_openai
    azure_deployment: gpt-4o
    connection: open_ai_connection
  parameters:
    max_tokens: 128
inputs:
  first_name:
    type: string
    default: Ada
  question:
    type: string
sample:
  question: Why?
---
system:
You help {{first_name}}.

user:
{{question}}
""",
}
