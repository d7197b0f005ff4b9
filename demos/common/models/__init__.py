"""Language models: what they are made of, what memory they take, which card holds them."""
