from cranny.apps.cli import main

main()
