// Marp's page turns the slide at the space bar, also where it should open a <summary>; there it must not hear of it.
addEventListener(
  'keydown',
  (event) => {
    if (event.key === ' ' && event.target.closest?.('summary')) event.stopPropagation()
  },
  true,
)
