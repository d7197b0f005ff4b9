"""Le figure delle dimostrazioni, e che cosa mostrano in parole."""
