"""Rules of single partners, as a package of its own would bring them: recon finds them by their entry points."""
