"""Pieces that panels and the main screen are made of; they paint what they are given and ask nobody."""
