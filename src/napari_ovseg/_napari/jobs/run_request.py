"""What the panel's fields ask for, as plain data: how the picture is read, and a run's request."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QMessageBox

from napari_ovseg._napari.jobs.continued import Earlier, continued, not_done, work_on
from napari_ovseg._napari.jobs.run import Request
from napari_ovseg._napari.jobs.suggest import SuggestRequest
from napari_ovseg._napari.jobs.tiles import TilesRequest
from napari_ovseg._napari.layers.channel_readings import refuse_strip
from napari_ovseg._napari.layers.growing_masks import suits_tiles
from napari_ovseg._napari.layers.labelled_layers import pixel_of_picture
from napari_ovseg._napari.layers.part_in_view import box_in_view, part_meant
from napari_ovseg._napari.layers.part_picture import finer_part
from napari_ovseg._napari.layers.source import LayerSource, channel_axes, limits_of, source_at, source_of
from napari_ovseg._napari.layers.together import group_of, source_together
from napari_ovseg._napari.panel.form import Form
from napari_ovseg._napari.panel.model_box import LOCAL_FILE
from napari_ovseg._napari.panel.model_choice import ModelChoice, licence_notice
from napari_ovseg._napari.panel.reading import TOGETHER
from napari_ovseg.annotation.found import table_for
from napari_ovseg.annotation.typed import to_type
from napari_ovseg.categories import Category, parse_categories
from napari_ovseg.errors import InputError
from napari_ovseg.models.registry import offers
from napari_ovseg.settings import Settings
from napari_ovseg.views.sizes import Sizes, parse_sizes

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_ovseg._napari.layers.annotated import Annotated


class RunRequests:
    """Turns the form's fields into requests; remembers which licences were accepted."""

    def __init__(self, viewer: ViewerModel, form: Form) -> None:
        self.viewer, self._form = viewer, form
        self._licences_accepted: set[str] = set()

    def source(self, image: Image) -> LayerSource:
        """Plan how to read the slice in view; raises InputError when it can't be read."""
        row, dims = self._form.channels, self.viewer.dims
        group = group_of(self.viewer, image) if row.key == TOGETHER else []
        if group:
            return source_together(group, dims, row.ticked())
        # what is chosen may be of the picture before, as long as this one is being turned to
        if not isinstance(row.key, int) or row.key not in channel_axes(image):
            return source_of(image, dims)
        if not row.ticked():
            raise InputError(f"No channel of '{image.name}' is ticked: tick at least one below 'Read'.")
        return source_of(image, dims, row.key, row.ticked(), row.colours())

    def _source_to_run(self, image: Image) -> LayerSource:
        """Plan how to read the slice in view, as `source`, but no strip a few pixels wide."""
        if self._form.channels.key is None:
            refuse_strip(image, self.viewer.dims)
        return self.source(image)

    def gather(
        self,
        image: Image | None,
        current: Annotated | None,
        into: Annotated | None,
        number: int,
        *,
        here: bool = False,
    ) -> tuple[Request, Earlier | None] | None:
        """Gather a run's settings, and the work it goes on with; None when the person declines a licence.

        Parameters
        ----------
        image : napari.layers.Image or None
            The picture that is chosen.
        current : Annotated or None
            The work under way, on this picture or another.
        into : Annotated or None
            Layers that the result goes into, so that the names are those of its table, whatever is typed; by
            default it goes where it belongs.
        number : int
            Of the run.
        here : bool
            Whether only the part is run that is in view, or inside a drawn rectangle, into what is there.

        Raises
        ------
        InputError
            That says what is missing.
        """
        image, form = _there(image), self._form
        categories = parse_categories(form.names.toPlainText() if into is None else _words_of(into))
        source = self._source_to_run(image)
        earlier = into or work_on(current, source, image)
        part = part_meant(self.viewer, image, source.placement) if here else None
        if here and earlier is not None:
            into = _same_names(earlier, categories)
        shown = source.placement.position
        positions = not_done(earlier, [shown] if here else form.slices.positions(shown))
        accepted = self._accepted_model()
        if accepted is None:
            return None
        table, bound = continued(earlier, categories, positions, same=into is not None)
        settings = self._settings(categories, *accepted)
        request = Request(
            number=number,
            sources=tuple(source_at(source, position) for position in positions),
            settings=settings,
            table=table,
            size=_size_read(settings.sizes, image, source),
            earlier=bound,
            part=part,
        )
        if earlier is None:
            return request, None
        return request, Earlier(earlier, earlier.table, same=into is not None)

    def gather_tiles(self, image: Image | None, number: int) -> TilesRequest | None:
        """Gather the settings of a run in tiles; None when the person declines a licence.

        Raises
        ------
        InputError
            That says what is missing.
        """
        image, form = _there(image), self._form
        categories = parse_categories(form.names.toPlainText())
        if not suits_tiles(image):
            raise InputError(f"'{image.name}' is not large, or not flat: press Run.")
        if form.channels.key == TOGETHER:
            raise InputError(
                "Several layers can't be read together in tiles yet: choose another way beside 'Read', or "
                "open a picture that has all channels as RGB."
            )
        levels = tuple(image.data) if image.multiscale else (image.data,)
        accepted = self._accepted_model()
        if accepted is None:
            return None
        settings = self._settings(categories, *accepted)
        pixel_size, unit = pixel_of_picture(image, (0, 1))
        # says what is wrong with them before a file is asked for
        settings.in_pixels(pixel_size, unit)
        seen = box_in_view(self.viewer, image)
        return TilesRequest(number, levels, limits_of(image), settings, pixel_size, unit, seen)

    def _settings(self, categories: tuple[Category, ...], model: str, checkpoint: Path | None) -> Settings:
        """All that the fields say of how to look for names."""
        form = self._form
        return Settings(
            names=categories,
            model=model,
            checkpoint=checkpoint,
            device=form.device.value,
            preset=form.preset.value,
            method=form.method.value,
            look=form.look.value,
            size=form.size_row.text,
            pack=form.pack.value,
        )

    def finer_part(self, image: Image | None) -> Image | None:
        """The part that "here" means as a picture of its own, where a run of the whole shows less of it."""
        image = _there(image)
        return finer_part(self.viewer, image, self.source(image).placement)

    def lacking(self, image: Image | None) -> str:
        """Why a run can't be started with what the fields say now, "" where it can."""
        try:
            image = _there(image)
            categories = parse_categories(self._form.names.toPlainText())
            parse_sizes(self._form.size_row.text).check(categories)
            self._form.slices.positions(self._source_to_run(image).placement.position)
            self._model()
        except InputError as error:
            return str(error)
        return ""

    def gather_suggest(self, image: Image | None, vocabulary: str, number: int) -> SuggestRequest | None:
        """Gather the settings for suggesting names for the slice in view, otherwise as :meth:`gather`."""
        source, form = self.source(_there(image)), self._form
        accepted = self._accepted_model()
        if accepted is None:
            return None
        model, checkpoint = accepted
        preset, device = form.preset.value, form.device.value
        return SuggestRequest(number, source, vocabulary, model, preset, device, checkpoint)

    def ready_model(self) -> tuple[str, str] | None:
        """The model that is chosen and its device, where it can be loaded without asking anybody anything.

        None for one that would have to be fetched, whose licence was not accepted, from a file, or of
        another name than the list has: to know that one, PyTorch is imported, which this thread must not do.
        """
        try:
            model, checkpoint = self._model()
        except InputError:
            return None
        known = offers().get(model) if checkpoint is None else None
        there = known is not None and known.is_here()
        accepted = model in self._licences_accepted or licence_notice(model) is None
        return (model, self._form.device.value) if there and accepted else None

    def _accepted_model(self) -> tuple[str, Path | None] | None:
        """The model that is chosen, or None, said so, when the person declines its licence."""
        model, checkpoint = self._model()
        if checkpoint is None and not self.accepts_licence(model):
            self._form.show_message(f"'{model}' was not used, since its licence was not accepted.")
            return None
        return model, checkpoint

    def _model(self) -> tuple[str, Path | None]:
        """The model's name, or an architecture and the file with its weights."""
        model = self._form.chosen_model()
        if model == LOCAL_FILE:
            return self._form.weights.chosen()
        name = model.name if isinstance(model, ModelChoice) else model
        if not name:
            raise InputError("No model is chosen: take one from the list.")
        return name, None

    def accepts_licence(self, model: str) -> bool:
        """Whether a person accepts the licence of a model; who did so, or need not, isn't asked."""
        notice = licence_notice(model)
        if notice is None or model in self._licences_accepted:
            return True
        yes = QMessageBox.StandardButton.Yes
        if QMessageBox.question(self._form, "Licence of this model", notice) != yes:
            return False
        self._licences_accepted.add(model)
        return True


def _words_of(work: Annotated) -> list[Category]:
    """What to look for in work that is gone on with."""
    words = [] if work.background is None else [work.background]
    return [*to_type(work.table.labels), *words]


def _same_names(work: Annotated, categories: Iterable[Category]) -> Annotated:
    """Return the work that a part goes into; raises InputError where other names are typed."""
    if table_for(categories, work.table) is not work.table:
        raise InputError(
            "A part is run with the names of the masks that it goes into: add a category to the table for "
            "each other name, or press Run for the whole picture."
        )
    return work


def _size_read(sizes: Sizes, image: Image, source: LayerSource) -> str:
    """Sizes in pixels of what is read of a picture, which may be a coarser level of it."""
    axes, factors = source.placement.axes, source.placement.factors
    whole = sizes.in_pixels(*pixel_of_picture(image, axes))
    return str(whole.times(1 / math.sqrt(factors[axes[0]] * factors[axes[1]])))


def _there(image: Image | None) -> Image:
    if image is None:
        raise InputError("There is no image layer: open a picture, or take one from File > Open Sample.")
    return image
