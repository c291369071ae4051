"""What a panel is: `load` asks the store, `draw` paints, and this class owns time.

A panel is drawn when it is visible and there is a new question, or when it is shown with an outdated answer; hidden
panels cost nothing. A newer question cancels the older one, and an answer to an outdated question is dropped.
"""

from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.theme import Theme
from textual.widget import Widget
from textual.worker import Worker

from tokenmon.store.reader import Reader
from tokenmon.ui.asking import STORE_ERRORS, Question
from tokenmon.ui.look import Colours, Look
from tokenmon.ui.memory import Memory
from tokenmon.ui.tables import Table
from tokenmon.view import Condition, View

Answer = TypeVar("Answer")


class Panel(Vertical, Generic[Answer], can_focus=True):
    """One tab's content. A subclass says `ID`, `TITLE`, `compose`, `load`, `draw` and `BINDINGS` of its own."""

    ID: ClassVar[str]
    TITLE: ClassVar[str]
    NEEDS_EVENTS: ClassVar[bool] = True
    """Whether a notice takes its place while there is nothing to show."""
    BINDINGS: ClassVar[list[BindingType]] = []

    class Failed(Message):
        """A question could not be answered."""

        def __init__(self, error: str) -> None:
            self.error = error
            super().__init__()

    class Changed(Message):
        """The user chose something that the rows around the panel show, too."""

    class Answered(Message):
        """A question was answered and drawn."""

        def __init__(self, question: int, moment: int | None) -> None:
            """The question's number and the store's revision, None where that changed in the meantime."""
            self.question = question
            self.moment = moment
            super().__init__()

    class Drilled(Message):
        """A row was opened: everything is narrowed to its value, and a second time leads to the Timeline."""

        def __init__(self, condition: Condition, show: str = "") -> None:
            """`show`: the ID of the panel to go on to; empty to stay."""
            self.condition = condition
            self.show = show
            super().__init__()

    def __init__(self, look: Look, colours: Colours, memory: Memory) -> None:
        super().__init__(id=self.ID)
        self.look = look
        self.memory = memory
        """The user's choices; a panel's own are called `ID.name`."""
        self.colours = colours
        """Colours of models, shared by all panels."""
        self.now = 0
        """The moment of the question that is being answered, UTC milliseconds."""
        self._question: Question | None = None
        self._answered: Question | None = None
        self._worker: Worker[None] | None = None

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._look_changed)

    def _look_changed(self, theme: Theme) -> None:
        """Everything has other colours."""
        self.ask_again()

    async def load(self, reader: Reader, view: View) -> Answer:
        """Everything that `draw` needs."""
        raise NotImplementedError

    def draw(self, data: Answer) -> None:
        """Paint what was loaded."""
        raise NotImplementedError

    def table(self) -> Table:
        """What is shown, as plain values."""
        return Table()

    def step_back(self) -> bool:
        """Take back a choice of its own before Esc goes further; whether there was any."""
        return False

    def focus_target(self) -> Widget:
        """What takes the keys while the panel is shown."""
        return self

    @property
    def hints(self) -> tuple[Binding, ...]:
        """The panel's own keys for the hint row."""
        declared = [vars(kind).get("BINDINGS", ()) for kind in type(self).__mro__ if issubclass(kind, Panel)]
        return tuple(b for bindings in reversed(declared) for b in bindings if isinstance(b, Binding) and b.show)

    def ask(self, question: Question) -> None:
        """There is a new question; answer it now if anybody sees the panel, else when it is shown."""
        self._question = question
        if self.display:
            self._load_and_draw()

    def end(self) -> None:
        """Nothing is to be answered any more."""
        self._question = None

    def ask_again(self) -> None:
        """The panel's own choices changed (sort, group, size): the same question needs another answer."""
        self._answered = None
        self.catch_up()

    def catch_up(self) -> None:
        """Answer the newest question unless that is done; called when the panel is shown."""
        if self.display and self._question is not None and self._answered is not self._question:
            self._load_and_draw()

    def _load_and_draw(self) -> None:
        group = f"panel-{self.ID}"
        self._worker = self.run_worker(self._answer, group=group, exclusive=True, description=f"load {self.TITLE}")

    @property
    def is_asking(self) -> bool:
        """Whether a question waits for its answer."""
        return self._worker is not None and self._worker.is_running

    async def _answer(self) -> None:
        question = self._question
        if question is None:
            return
        self.now = question.now
        try:
            async with question.reader.one_moment():
                moment = await question.reader.revision()
                data = await self.load(question.reader, question.view)
        except STORE_ERRORS as error:
            self.post_message(self.Failed(str(error) or type(error).__name__))
            return
        if question is self._question and self.is_attached:
            self._answered = question
            self.draw(data)
            self.post_message(self.Answered(question.revision, moment))
