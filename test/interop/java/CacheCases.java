package interop;

import static interop.ClientCases.bytes;
import static interop.Stage.eventually;
import static interop.Stage.same;
import static interop.Stage.that;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.cache.NodeCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;

/** Curator's caches: copies that follow. */
final class CacheCases {
  static void addTo(Cases cases) {
    curatorCaches(cases);
    olderCaches(cases);
  }

  private static void curatorCaches(Cases cases) {
    cases.add("CuratorCache: has what is there, and tells what changes", stage -> {
      CuratorFramework curator = stage.curator();
      curator.create().creatingParentsIfNeeded().forPath("/c/old", bytes("x"));
      List<String> heard = new CopyOnWriteArrayList<>();
      CuratorCache cache = stage.closing(CuratorCache.build(stage.curator(), "/c"));
      cache.listenable().addListener(CuratorCacheListener.builder()
          .forInitialized(() -> heard.add("initialized"))
          .forCreates(node -> heard.add("created " + node.getPath()))
          .forChanges((before, now) -> heard.add("changed " + now.getPath()))
          .forDeletes(node -> heard.add("deleted " + node.getPath()))
          .build());
      cache.start();
      eventually("it is initialized", () -> heard.contains("initialized"));
      same(2, cache.size());
      curator.create().forPath("/c/new");
      curator.setData().forPath("/c/old", bytes("y"));
      eventually("both are told", () -> heard.contains("created /c/new") && heard.contains("changed /c/old"));
      curator.delete().forPath("/c/new");
      eventually("a deletion is told", () -> heard.contains("deleted /c/new"));
      same("y", new String(cache.get("/c/old").orElseThrow().getData(), UTF_8));
    });
    cases.add("CuratorCache: of one znode ignores those below", stage -> {
      CuratorFramework curator = stage.curator();
      CuratorCache cache =
          stage.closing(CuratorCache.build(stage.curator(), "/c", CuratorCache.Options.SINGLE_NODE_CACHE));
      cache.start();
      curator.create().creatingParentsIfNeeded().forPath("/c/below");
      curator.setData().forPath("/c", bytes("x"));
      eventually("the znode is seen", () -> cache.get("/c").isPresent()
          && new String(cache.get("/c").get().getData(), UTF_8).equals("x"));
      same(1, cache.size());
    });
    cases.add("CuratorCache: hundreds of znodes", stage -> {
      CuratorFramework curator = stage.curator();
      curator.create().forPath("/c");
      for (int i = 0; i < 400; i += 1) curator.create().inBackground().forPath("/c/" + i, bytes("" + i));
      CuratorCache cache = stage.closing(CuratorCache.build(stage.curator(), "/c"));
      cache.start();
      eventually("all are there", () -> cache.size() == 401);
      curator.delete().deletingChildrenIfNeeded().forPath("/c");
      eventually("none is there", () -> cache.size() == 0);
    });
    cases.add("CuratorCache: catches up after it was cut off", stage -> {
      Relay relay = stage.closing(new Relay(stage.address));
      CuratorFramework curator = stage.curator();
      curator.create().creatingParentsIfNeeded().forPath("/c/old");
      CuratorCache cache = stage.closing(CuratorCache.build(stage.curatorAt(relay.address(), Stage.SESSION_MS), "/c"));
      cache.start();
      eventually("it is filled", () -> cache.size() == 2);
      relay.cut();
      curator.create().forPath("/c/new");
      curator.delete().forPath("/c/old");
      relay.restore();
      eventually("it has caught up", () -> cache.get("/c/new").isPresent() && cache.get("/c/old").isEmpty());
    });
    cases.add("PersistentWatcher: hears everything below", stage -> {
      CuratorFramework curator = stage.curator();
      List<String> heard = new CopyOnWriteArrayList<>();
      PersistentWatcher watcher = stage.closing(new PersistentWatcher(stage.curator(), "/w", true));
      watcher.getListenable().addListener(event -> heard.add(event.getType() + " " + event.getPath()));
      watcher.start();
      curator.create().forPath("/w");
      eventually("it hears", () -> {
        curator.setData().forPath("/w", bytes("x"));
        return heard.contains("NodeDataChanged /w");
      });
      curator.create().forPath("/w/below");
      eventually("it hears what is below", () -> heard.contains("NodeCreated /w/below"));
    });
  }

  private static void olderCaches(Cases cases) {
    cases.add("TreeCache: follows a tree", stage -> {
      CuratorFramework curator = stage.curator();
      curator.create().creatingParentsIfNeeded().forPath("/t/a/b", bytes("x"));
      TreeCache cache = stage.closing(TreeCache.newBuilder(stage.curator(), "/t").build());
      cache.start();
      eventually("it is filled", () -> cache.getCurrentData("/t/a/b") != null);
      curator.setData().forPath("/t/a/b", bytes("y"));
      curator.create().forPath("/t/a/c");
      eventually("changes are seen", () -> cache.getCurrentChildren("/t/a").keySet().size() == 2
          && new String(cache.getCurrentData("/t/a/b").getData(), UTF_8).equals("y"));
      curator.delete().deletingChildrenIfNeeded().forPath("/t/a");
      eventually("it is empty", () -> cache.getCurrentChildren("/t").isEmpty());
    });
    cases.add("PathChildrenCache: follows the children of a znode", stage -> {
      CuratorFramework curator = stage.curator();
      curator.create().creatingParentsIfNeeded().forPath("/p/a", bytes("x"));
      List<String> heard = new CopyOnWriteArrayList<>();
      PathChildrenCache cache = stage.closing(new PathChildrenCache(stage.curator(), "/p", true));
      cache.getListenable().addListener((client, event) -> {
        if (event.getData() != null) heard.add(event.getType() + " " + event.getData().getPath());
      });
      cache.start(PathChildrenCache.StartMode.BUILD_INITIAL_CACHE);
      same(1, cache.getCurrentData().size());
      curator.create().forPath("/p/b");
      eventually("a new child is told", () -> heard.contains("CHILD_ADDED /p/b"));
      curator.setData().forPath("/p/a", bytes("y"));
      eventually("a change is told", () -> heard.contains("CHILD_UPDATED /p/a"));
      curator.delete().forPath("/p/b");
      eventually("a deletion is told", () -> heard.contains("CHILD_REMOVED /p/b"));
      that("the data is new", new String(cache.getCurrentData("/p/a").getData(), UTF_8).equals("y"));
    });
    cases.add("NodeCache: follows one znode, there or not", stage -> {
      CuratorFramework curator = stage.curator();
      NodeCache cache = stage.closing(new NodeCache(stage.curator(), "/n"));
      cache.start(true);
      same(null, cache.getCurrentData());
      curator.create().forPath("/n", bytes("x"));
      eventually("it is there", () -> cache.getCurrentData() != null);
      curator.setData().forPath("/n", bytes("y"));
      eventually("it changes", () -> new String(cache.getCurrentData().getData(), UTF_8).equals("y"));
      curator.delete().forPath("/n");
      eventually("it is gone", () -> cache.getCurrentData() == null);
    });
  }
}
