"""What the screens are made of: view models, the drawing of a wall, templates, words in several languages,
static files. The server's pages and the bank's kiosk fill the models; the templates speak all the words."""
