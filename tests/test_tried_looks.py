"""The small pictures of looks: of the liveliest part of a picture, where there is a choice."""

import numpy as np

from napari_ovseg.look_choice import DARKER, RAISED, LookChoice
from napari_ovseg.tried_looks import SHOWN, tried_looks
from napari_ovseg.views.looks import AS_IT_IS, Look
from napari_ovseg.views.source import PictureInMemory

LOOKS = (AS_IT_IS, Look(gain=0.25), RAISED, DARKER)


def picture(height=900, width=700):
    """Dark, but for a bright square near the lower right corner."""
    pixels = np.full((height, width, 3), 0.1, np.float32)
    pixels[800:830, 600:640] = 0.9
    return pixels


def tried(pixels, look=AS_IT_IS, asked="auto", sure=0.0, looks=LOOKS):
    return tried_looks(PictureInMemory(pixels), LookChoice((look,), (sure,)), asked, looks)


def test_each_look_is_shown_once_in_the_order_of_the_card():
    found = tried(picture())
    assert [one.look for one in found] == [str(look) for look in LOOKS]
    assert [one.used for one in found] == [True, False, False, False]


def test_the_part_that_is_shown_holds_what_there_is():
    shown = {one.look: one.thumbnail for one in tried(picture())}
    assert all(max(one.shape[:2]) <= SHOWN and one.dtype == np.uint8 for one in shown.values())
    assert shown["as it is"].max() > 200
    assert shown["dimmed"].max() < shown["as it is"].max()
    assert shown[str(LOOKS[3])].max() > 0


def test_a_small_picture_is_shown_whole():
    assert tried(picture()[780:850, 580:660])[0].thumbnail.shape == (70, 80, 3)


def test_a_look_of_a_persons_own_is_shown_too():
    own = Look(gain=0.5)
    assert [one.look for one in tried(picture(), own, asked=str(own)) if one.used] == ["dimmed to 0.5"]


def test_how_sure_it_is():
    bright = LOOKS[2]
    assert not any(one.sure for one in tried(picture(), bright, sure=0.45))
    assert all(one.sure for one in tried(picture(), bright, sure=0.9))


def test_nothing_is_shown_where_there_is_no_choice():
    grey = picture()
    colour = grey.copy()
    colour[::2, :, 2] = 0.5
    assert tried(colour) == ()
    green = {one.look: one.thumbnail for one in tried(grey * np.float32([0, 1, 0]))}
    assert green["as it is"][..., 0].max() == 0, "as it is"
    assert green["dimmed"][..., 0].max() > 0, "the model is shown it in grey"
    assert tried(picture(), looks=(AS_IT_IS,)) == ()
    assert tried(colour, LOOKS[2], asked=str(LOOKS[2])) != ()
