"""The detector `text_classifier`: can a model tell the window's texts from the reference's?"""

from __future__ import annotations

from typing import Any

from lifecycle_tui import api


class TextClassifier:
    """AUC of a linear model on words and character sequences that tells the window's texts from the reference's.

    0.5: it cannot. Its detail says which words it leant on. Opt-in: name it in `detectors`.

    Args:
        words_told: so many words are named at most.
    """

    name = "text_classifier"
    kinds = ("text",)
    takes = "arrow"
    sample = 2000

    def __init__(self, *, words_told: int = 8) -> None:
        if words_told < 0:
            raise ValueError(f"words_told is at least 0, not {words_told}")
        self.told = words_told

    def measure(self, reference: Any, window: Any) -> api.Measurement:
        import numpy as np

        # A text is told by its beginning: a page of 2,000 characters says what it is about.
        before, now = ([t[:2000] for t in api.as_texts(side) if t is not None] for side in (reference, window))
        n, m = len(before), len(now)
        if min(n, m) < 10:
            return api.Measurement(None, message=f"too few texts to learn from: {min(n, m)}, 10 are needed")
        texts = [*before, *now]
        there = np.repeat([False, True], [n, m])
        fold = api.forward_folds(n, m)
        hashed = _vectorizer().transform(texts)
        score, model = np.full(n + m, np.nan), None
        for k in range(1, int(fold.max()) + 1):
            model = _model()
            model.fit(hashed[fold < k], there[fold < k])
            score[fold == k] = model.decision_function(hashed[fold == k])
        scored = fold > 0
        found = api.separation(score[scored], there[scored], fold[scored])
        leaning = self._leaning(model, before, now) if found is not None and found.p_value < 0.05 else {}
        return api.separation_measurement(found, n, m, "words and character 3-grams, linear", leaning, "words")

    def _leaning(self, model: Any, before: list[str], now: list[str]) -> dict[str, float]:
        """The words whose weight in the model times the change of their share of texts is largest, with that change."""
        import numpy as np
        from sklearn.feature_extraction.text import CountVectorizer

        counter = CountVectorizer(binary=True, max_features=2000, token_pattern=WORD)
        try:
            counts = counter.fit_transform([*before, *now])
        except ValueError:  # no words at all
            return {}
        shares = [np.asarray(part.mean(axis=0)).ravel() for part in (counts[: len(before)], counts[len(before) :])]
        change = shares[1] - shares[0]
        words = counter.get_feature_names_out()
        weight = model.coef_[0][np.asarray(_words().transform(words).argmax(axis=1)).ravel()]
        lean = dict(zip(words.tolist(), (weight * change).tolist(), strict=True))
        ranked = sorted(lean, key=lambda word: (-lean[word], word))[: self.told]
        signs = dict(zip(words.tolist(), change.tolist(), strict=True))
        return {word: round(signs[word], 6) for word in ranked if lean[word] > 0}


WORD = r"(?u)\b\w+\b"
_BITS = 2**17


def _words() -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(n_features=_BITS, alternate_sign=False, token_pattern=WORD, norm="l2")


def _vectorizer() -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.pipeline import make_union

    characters = HashingVectorizer(n_features=_BITS, alternate_sign=False, analyzer="char_wb", ngram_range=(3, 3))
    return make_union(_words(), characters)


def _model() -> Any:
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(loss="log_loss", alpha=1e-4, max_iter=15, tol=None, random_state=0, class_weight="balanced")


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(TextClassifier)
