import { View } from "../parts/view.js";
import { homePath, repositoriesHref } from "../routes.js";

export function UnknownView() {
  return (
    <View title="Not found" heading="There is no such page">
      <p>
        Look among the <a href={repositoriesHref()}>repositories</a>, or begin at <a href={homePath}>home</a>.
      </p>
    </View>
  );
}
