"""Decaying, wrapping, clipping, shifting: against exact fractions and at the ends of every word."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.simulation.arithmetic import clip_state, decay, shift, shrink, wrap_state, wrap_sum, wrap_word

LIMIT = 2**23
EDGE = st.sampled_from([0, 1, -1, LIMIT, LIMIT - 1, 1 - LIMIT, 4095, -4095, 64, -64])
STATE = st.integers(1 - LIMIT, LIMIT) | EDGE
NUMBER = st.integers(-(2**40), 2**40) | st.sampled_from([2**31, -(2**31), 2**31 - 1, LIMIT, -LIMIT])


@given(state=STATE, amount=st.integers(0, 4096))
def test_decay_rounds_toward_zero(state, amount):
    exact = Fraction(state * (4096 - amount), 4096)
    (found,) = decay(np.array([state]), amount).tolist()
    assert found == int(exact)  # int() of a fraction drops what is behind the point
    assert decay(np.array([-state]), amount).tolist() == [-found]


def test_every_neuron_decays_by_its_own_amount():
    assert decay(np.array([[4096, 4096], [-4096, 0]]), np.array([[0], [1]])).tolist() == [[4096, 4096], [-4095, 0]]


@given(number=NUMBER, bits=st.integers(0, 12))
def test_shrink_rounds_toward_zero(number, bits):
    assert shrink(np.array([number]), bits).tolist() == [int(Fraction(number, 2**bits))]


@given(number=st.integers(-(2**31), 2**31 - 1), weight_exp=st.integers(-8, 7))
def test_shift_rounds_down(number, weight_exp):
    assert shift(np.array([number]), weight_exp).tolist() == [floor(number * Fraction(2) ** weight_exp)]


def test_states_wrap_and_clip_where_24_bits_end():
    at_the_edge = [LIMIT, LIMIT + 1, -LIMIT, 1 - LIMIT, LIMIT - 1]
    assert wrap_state(np.array(at_the_edge)).tolist() == [LIMIT, 1 - LIMIT, LIMIT, 1 - LIMIT, LIMIT - 1]
    assert clip_state(np.array(at_the_edge)).tolist() == [LIMIT - 1, LIMIT - 1, 1 - LIMIT, 1 - LIMIT, LIMIT - 1]


@given(number=NUMBER)
def test_a_current_wraps_once_and_no_more(number):
    expected = number - 2**24 if number > LIMIT else number + 2**24 if number <= -LIMIT else number
    assert wrap_state(np.array([number])).tolist() == [expected]


@pytest.mark.parametrize(("wrap", "bits"), [(wrap_sum, 24), (wrap_word, 32)])
@given(number=NUMBER)
def test_words_are_the_low_bits_with_a_sign(wrap, bits, number):
    (found,) = wrap(np.array([number])).tolist()
    assert -(2 ** (bits - 1)) <= found < 2 ** (bits - 1)
    assert (found - number) % 2**bits == 0
