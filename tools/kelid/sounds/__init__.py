"""Sound files made by programs: sox converts what a site brings, espeak-ng speaks what nobody has recorded yet."""
