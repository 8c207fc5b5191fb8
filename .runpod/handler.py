"""RunPod's Hub looks for a file of this name; the image starts ``python -m worker``, which is the same."""

from worker.__main__ import main

if __name__ == "__main__":
    main()
